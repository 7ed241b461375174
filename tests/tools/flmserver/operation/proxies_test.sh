#!/bin/sh
# The examples of proxies are what the proxies read: nginx -t, haproxy -c. Status 77: neither is installed.
#   proxies_test.sh SOURCE
set -eu
examples=$1/tools/flmserver/proxy
folder=$(mktemp -d "${TMPDIR:-/tmp}/flm-proxies-XXXXXX")
trap 'rm -rf "$folder"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=meter.example -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null
cat "$folder/certificate.pem" "$folder/key.pem" >"$folder/both.pem"
tested=0
nginx=$(PATH=$PATH:/usr/sbin command -v nginx || true)
if [ -n "$nginx" ]; then
  sed -e "s|/etc/letsencrypt/live/meter.example/fullchain.pem|$folder/certificate.pem|" \
    -e "s|/etc/letsencrypt/live/meter.example/privkey.pem|$folder/key.pem|" "$examples/nginx.conf" >"$folder/site.conf"
  printf 'pid %s/pid;\nerror_log stderr;\nevents {}\nhttp { include %s/site.conf; }\n' "$folder" "$folder" >"$folder/nginx.conf"
  "$nginx" -t -q -e stderr -p "$folder" -c "$folder/nginx.conf"
  echo "nginx takes its example"
  tested=1
fi
haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy || true)
if [ -n "$haproxy" ]; then
  sed "s|/etc/haproxy/meter.example.pem|$folder/both.pem|" "$examples/haproxy.cfg" >"$folder/haproxy.cfg"
  "$haproxy" -c -q -f "$folder/haproxy.cfg"
  echo "HAProxy takes its example"
  tested=1
fi
[ "$tested" = 1 ] || { echo "SKIPPED: neither nginx nor haproxy is installed"; exit 77; }
