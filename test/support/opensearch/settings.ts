/** The files that configure a node, as texts. The logins are for a node that listens on 127.0.0.1 and lives for a test. */
import type { Certificate } from "./certificates.ts"

export interface User {
  readonly username: string
  readonly password: string
}

export interface Users {
  /** May do everything. */
  readonly admin: User
  /** What an installation gives to Waybill: `read` on wazuh-alerts-4.x-*, and nothing else. */
  readonly waybill: User
  /** Known, but without a single right. */
  readonly stranger: User
}

export const USERS: Users = {
  admin: { username: "admin", password: "admin-in-tests" },
  waybill: { username: "waybill", password: "waybill-in-tests" },
  stranger: { username: "stranger", password: "stranger-in-tests" },
}

/** Made by the security plugin's Hasher from the passwords above. */
export const INTERNAL_USERS = `_meta: {type: internalusers, config_version: 2}
admin: {hash: "$2y$12$LSfIOU5DpxA346OjizH45e7hYWyEItreujURyQQrvf4NRhHuJOsiu"}
waybill: {hash: "$2y$12$sHkUPqxow2XdPqU6D4eDbeIG.1QcIca2MiBWyY.NdXDpO9U/JLQfa"}
stranger: {hash: "$2y$12$cSGtv0FTL5LxZgvdcLdm0uX9TBQL1PVILcLV23I3QbjeD4K9XrFny"}
`

export const ROLES = `_meta: {type: roles, config_version: 2}
waybill:
  index_permissions:
    - index_patterns: ["wazuh-alerts-4.x-*"]
      allowed_actions: ["read"]
`

export const ROLES_MAPPING = `_meta: {type: rolesmapping, config_version: 2}
all_access: {users: ["admin"]}
waybill: {users: ["waybill"]}
`

/** To the console, which tells the port, and nothing into files. */
export const LOG4J = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%-5p][%c{1.}] %m%n%throwable{5}
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`

/** Port 0: the node takes a free one and logs it. */
export const nodeSettings = (run: string): string => `cluster.name: waybill-tests
node.name: node
network.host: 127.0.0.1
http.port: 0
transport.port: 0
discovery.type: single-node
path.data: ${run}/data
path.logs: ${run}/logs
cluster.routing.allocation.disk.threshold_enabled: false
`

/** \`node\` and \`ca\` are copies inside the configuration folder, the only place the plugin reads from. */
export const securitySettings = (node: Certificate, ca: string): string => {
  const pem = (
    layer: "transport" | "http",
  ) => `plugins.security.ssl.${layer}.pemcert_filepath: ${node.certificate}
plugins.security.ssl.${layer}.pemkey_filepath: ${node.key}
plugins.security.ssl.${layer}.pemtrustedcas_filepath: ${ca}
`
  return `${pem("transport")}${pem("http")}plugins.security.ssl.http.enabled: true
plugins.security.ssl.transport.enforce_hostname_verification: false
plugins.security.nodes_dn: ["CN=node"]
plugins.security.authcz.admin_dn: ["CN=admin"]
plugins.security.allow_default_init_securityindex: true
plugins.security.restapi.roles_enabled: ["all_access"]
plugins.security.audit.type: noop
`
}
