# Waybill's image: Node, one bundle, koffi's binary and the C library, and nothing else. There is no shell in it.
#
# Plain instructions only, so that BuildKit, Buildah and older engines read it alike. BASE can be given by digest:
#   docker build --build-arg BASE=node:24-bookworm-slim@sha256:… .
ARG BASE=node:24-bookworm-slim

FROM $BASE AS bundle
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package may run a script of its own: nothing here needs one.
RUN npm ci --ignore-scripts --no-update-notifier
COPY rolldown.config.ts ./
COPY src src
RUN node node_modules/rolldown/bin/cli.mjs -c rolldown.config.ts
# koffi comes with its binary for this machine, x64 or arm64: npm picks it. The rest is sources, and musl's.
RUN ls node_modules/@koromix/koffi-linux-*/linux_*/koffi.node \
    && rm -rf node_modules/@koromix/*/musl_* \
    && find node_modules/koffi -type f \
      -not -name "*.js" -not -name "*.cjs" -not -name "*.json" -not -name "LICENSE*" -delete

# The root file system: Node and what the loader says it is linked to, and little else.
FROM $BASE AS root
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /root-fs
RUN node="$(readlink -f "$(command -v node)")" \
    && mkdir -p etc opt/waybill run/secrets tmp usr/local/bin var/lib var/ossec \
    && cp "$node" usr/local/bin/node \
    && ldd "$node" | sed -n 's/^.*[[:space:]]\(\/[^ ]*\) (0x.*$/\1/p' | while read -r library; do \
      mkdir -p ".$(dirname "$library")" && cp -L "$library" ".$library"; done \
    && cp -L /etc/os-release etc/os-release \
    && printf 'waybill:x:999:999::/var/lib/waybill:/sbin/nologin\n' > etc/passwd \
    && printf 'waybill:x:999:\n' > etc/group \
    && printf 'hosts: files dns\n' > etc/nsswitch.conf \
    && printf '#!/usr/local/bin/node\nimport "/opt/waybill/main.mjs"\n' > usr/local/bin/waybill \
    && chmod 755 usr/local/bin/waybill \
    && chmod 1777 tmp \
    && mkdir -p /data/state /data/dlq /data/spool /queue \
    && chmod 700 /data /data/*

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Waybill" \
      org.opencontainers.image.description="Delivers cloud security events into Wazuh and moves on only when the indexer has them" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION
COPY --from=root /root-fs/ /
# A new volume takes its owner from the folder in the image; 999 is `wazuh` in Wazuh's own image.
COPY --from=root --chown=999:999 /data /var/lib/waybill
COPY --from=root --chown=999:999 /queue /var/ossec/queue
COPY --from=bundle /build/node_modules/koffi /opt/waybill/node_modules/koffi
COPY --from=bundle /build/node_modules/@koromix /opt/waybill/node_modules/@koromix
COPY --from=bundle /build/dist /opt/waybill
COPY wazuh /opt/waybill/wazuh
ENV NODE_ENV=production
USER 999:999
WORKDIR /var/lib/waybill
# Asks the process itself, on the port that it listens on unless told otherwise. A variable that is empty tells nothing,
# and no proxy is asked, whatever NODE_USE_ENV_PROXY says.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "--no-use-env-proxy", "-e", "fetch(`http://127.0.0.1:${process.env.WAYBILL_ADMIN__PORT || 8089}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/waybill/main.mjs"]
CMD ["run"]
