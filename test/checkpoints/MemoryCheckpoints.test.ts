import { layer } from "../../src/checkpoints/MemoryCheckpoints.ts"
import { suite } from "../contracts/Checkpoints.ts"

suite("memory", layer)
