import * as MemoryDeadLetters from "../../src/dead-letters/MemoryDeadLetters.ts"
import { suite } from "../contracts/DeadLetters.ts"

suite("memory", MemoryDeadLetters.layer())
