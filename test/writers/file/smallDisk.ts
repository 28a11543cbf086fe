/** A file system whose disk can be nearly full: a write takes what there is room for, and the next one fails. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer, PlatformError } from "effect"

export const makeSmallDisk = () => {
  const disk = { room: Infinity, writes: [] as Array<number> }
  const full = (path: string) =>
    PlatformError.systemError({
      _tag: "Unknown",
      module: "FileSystem",
      method: "write",
      pathOrDescriptor: path,
      cause: Object.assign(new Error("no space left on device"), { code: "ENOSPC" }),
    })
  const limited = (path: string, file: FileSystem.File): FileSystem.File => ({
    ...file,
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    write: (bytes) =>
      Effect.suspend(() => {
        const taken = Math.min(bytes.length, disk.room)
        if (taken === 0) return Effect.fail(full(path))
        disk.room -= taken
        disk.writes.push(taken)
        return file.write(bytes.subarray(0, taken))
      }),
    stat: file.stat,
    sync: file.sync,
    seek: (offset, from) => file.seek(offset, from),
    read: (buffer) => file.read(buffer),
  })
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      open: (...[path, options]: Parameters<FileSystem.FileSystem["open"]>) =>
        Effect.map(fs.open(path, options), (file) => (options?.flag === "a" ? limited(path, file) : file)),
    })),
  ).pipe(Layer.provideMerge(NodeServices.layer))
  return { disk, layer }
}
