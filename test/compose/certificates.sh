#!/usr/bin/env bash
# certificates.sh FOLDER: a root CA and the indexer's certificate under the names, and with the root CA's owner and
# mode, that wazuh-docker's generate-indexer-certs.yml leaves in config/wazuh_indexer_ssl_certs.
set -euo pipefail
mkdir -p "$1"
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=simulated-root-ca" \
  -keyout root-ca.key -out root-ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=wazuh.indexer" \
  -keyout wazuh.indexer-key.pem -out wazuh.indexer.csr 2>/dev/null
printf 'subjectAltName=DNS:wazuh.indexer,DNS:msp.simulated\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' \
  > wazuh.indexer.ext
openssl x509 -req -days 30 -in wazuh.indexer.csr -extfile wazuh.indexer.ext -CA root-ca.pem -CAkey root-ca.key \
  -CAcreateserial -out wazuh.indexer.pem 2>/dev/null
chmod 400 root-ca.pem root-ca.key
if [ "$(id -u)" = 0 ]; then
  chown 1000:1000 root-ca.pem
  chown 999:999 wazuh.indexer.pem wazuh.indexer-key.pem
fi
