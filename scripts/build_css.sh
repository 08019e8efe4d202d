#!/bin/sh
# Builds the shipped stylesheet from src/tidings/web/styles. Needs the development requirements only; users get it built.
set -eu
cd "$(dirname "$0")/.."
web=src/tidings/web
.venv/bin/tailwindcss --input "$web/styles/app.css" --output "$web/static/tidings.css" --minify "$@"
