#!/usr/bin/env bash
# standIn.sh FOLDER: imports a stand-in for the base image of the Dockerfile, where none can be pulled: Debian by
# debootstrap, this project's Node, the machine's npm, and its way to the packages. As root, for the engine of docker.
set -euo pipefail
root="$1/base"
node="$(node -p process.execPath)"
npm="$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")"

debootstrap --variant=minbase bookworm "$root" >"$1/debootstrap.log"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
install -m 755 "$node" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/etc" "$root/etc/ssl/certs"
cp -r "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'cafile=/etc/ssl/certs/ca-certificates.crt\nregistry=%s\n' "$(npm config get registry)" >"$root/usr/local/etc/npmrc"
chroot "$root" useradd --uid 1000 --user-group --create-home node
tar -C "$root" -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'CMD ["node"]' \
  - node:24-bookworm-slim
