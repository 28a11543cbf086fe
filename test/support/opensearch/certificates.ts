/** A CA of the tests' own, and certificates signed by it, made with the openssl command. */
import { execFile } from "node:child_process"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** Paths of a certificate and its key (PKCS#8), both PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

const openssl = (folder: string, ...args: ReadonlyArray<string>) => run("openssl", [...args], { cwd: folder })

export const haveOpenssl = (): Promise<boolean> =>
  run("openssl", ["version"]).then(
    () => true,
    () => false,
  )

/** A CA that signs nothing but what is made with `signedBy`. */
export const makeCa = async (folder: string, name: string): Promise<Certificate> => {
  await mkdir(folder, { recursive: true })
  // biome-ignore format: one option with its value a line
  await openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
    "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.pem`)
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
}

/** A certificate for localhost and 127.0.0.1, good for servers and clients. */
export const signedBy = async (ca: Certificate, folder: string, name: string): Promise<Certificate> => {
  await writeFile(
    join(folder, `${name}.ext`),
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n",
  )
  // biome-ignore format: one option with its value a line
  await openssl(folder, "req", "-newkey", "rsa:2048", "-nodes",
    "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`)
  // biome-ignore format: one option with its value a line
  await openssl(folder, "x509", "-req", "-days", "3650", "-in", `${name}.csr`, "-extfile", `${name}.ext`,
    "-CA", ca.certificate, "-CAkey", ca.key, "-CAcreateserial", "-out", `${name}.pem`)
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
}

export const readPem = (file: string): Promise<string> => readFile(file, "utf8")
