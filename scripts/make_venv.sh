#!/usr/bin/env bash
# Makes the virtual environment and installs what a requirements file pins, hashes checked.
# usage: make_venv.sh PYTHON VENV REQUIREMENTS
set -euo pipefail
python=$1 venv=$2 requirements=$3

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Tidings needs Python 3.11 or newer; \`$python\` is not. Try: make run PYTHON=python3.11" >&2
  exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
  echo "Making $venv …" >&2
  if ! "$python" -m venv "$venv" 2>/tmp/tidings-venv.$$; then
    rm -rf "$venv"
    # Debian and Ubuntu ship venv as a package of its own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "Installing python3-venv …" >&2
      apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
      "$python" -m venv "$venv"
    else
      cat /tmp/tidings-venv.$$ >&2
      rm -f /tmp/tidings-venv.$$
      echo "Python's venv is missing. Install it once: sudo apt install python3-venv" >&2
      exit 1
    fi
  fi
  rm -f /tmp/tidings-venv.$$
fi
echo "Installing what $requirements pins …" >&2
"$venv/bin/pip" install -q --require-hashes -r "$requirements"
"$venv/bin/pip" install -q --no-deps --no-build-isolation -e .
