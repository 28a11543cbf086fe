/** The endpoints of the definition as a list, for what the router does not tell. */
import { HttpApi } from "effect/http-api"
import { AdminApi, AdminToken } from "./api.ts"

export interface Route {
  readonly method: string
  /** With `:name` for parameters. */
  readonly path: string
  readonly needsToken: boolean
}

const collect = (): ReadonlyArray<Route> => {
  const found: Array<Route> = []
  HttpApi.reflect(AdminApi, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint, middleware }) => {
      const needsToken = [...middleware].some(({ key }) => key === AdminToken.key)
      found.push({ method: endpoint.method, path: endpoint.path, needsToken })
    },
  })
  return found
}

export const ROUTES: ReadonlyArray<Route> = collect()

const patterns = ROUTES.map(({ method, path }) => ({
  method,
  matches: new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+")}$`),
}))

/** What a path takes; empty: there is no such path. */
export const methodsOf = (path: string): ReadonlyArray<string> => [
  ...new Set(patterns.flatMap(({ matches, method }) => (matches.test(path) ? [method] : []))),
]
