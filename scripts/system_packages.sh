#!/usr/bin/env bash
# Installs the system programs that some tests want, where it may (root on Debian or Ubuntu).
# Elsewhere those tests say why they are skipped.
set -u
missing=()
command -v chromium >/dev/null || missing+=(chromium)
[ -x /usr/sbin/smtp-sink ] || command -v smtp-sink >/dev/null || missing+=(postfix)
[ -x /usr/sbin/dovecot ] || missing+=(dovecot-imapd dovecot-pop3d)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} for the tests …" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    echo "Could not install ${missing[*]}; the tests that want them will be skipped." >&2
else
  echo "Not installed: ${missing[*]}. The tests that want them will be skipped (sudo apt install ${missing[*]})." >&2
fi
exit 0
