/**
 * One node for all files of the tier: the one that `OPENSEARCH_URL` names, or one of its own with the security plugin.
 */
import type { TestProject } from "vitest/node"
import { whyNoArtifacts } from "../support/opensearch/artifacts.ts"
import { haveOpenssl } from "../support/opensearch/certificates.ts"
import type { Users } from "../support/opensearch/settings.ts"
import { startNode } from "../support/opensearch/startNode.ts"

export type SharedNode =
  | {
      readonly url: string
      /** PEM, if the node speaks TLS with a certificate of a CA of its own. */
      readonly caFile: string | undefined
      /** The one who sets up the tests' indices. */
      readonly admin: Users["admin"] | undefined
      /** Only a node of our own has the users that the tests on rights need. */
      readonly users: Users | undefined
    }
  | {
      /** Why there is none. */
      readonly missing: string
    }

declare module "vitest" {
  interface ProvidedContext {
    readonly opensearch: SharedNode
  }
}

const given = (url: string): SharedNode => {
  const {
    OPENSEARCH_USERNAME: username = "",
    OPENSEARCH_PASSWORD: password = "",
    OPENSEARCH_CA_FILE: caFile = "",
  } = process.env
  return {
    url: url.replace(/\/+$/, ""),
    caFile: caFile === "" ? undefined : caFile,
    admin: username === "" || password === "" ? undefined : { username, password },
    users: undefined,
  }
}

const whyNone = async (): Promise<string | undefined> => {
  const why = (await whyNoArtifacts()) ?? ((await haveOpenssl()) ? undefined : "no openssl")
  return why === undefined ? undefined : `${why} here, and OPENSEARCH_URL is not set`
}

export default async (project: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const { OPENSEARCH_URL: url } = process.env
  if (url !== undefined && url !== "") {
    project.provide("opensearch", given(url))
    return undefined
  }
  const missing = await whyNone()
  if (missing !== undefined) {
    project.provide("opensearch", { missing })
    return undefined
  }
  const node = await startNode({ secure: true })
  project.provide("opensearch", {
    url: node.url,
    caFile: node.caFile,
    admin: node.users?.admin,
    users: node.users,
  })
  return node.stop
}
