/** A program of this machine as an image; and ELF files, read safely. */

export { loadedFiles, type LoadedFiles } from './loaded-files.js';
export { openExecutable, type ExecutableOptions } from './open.js';
export { readElf, readIdentity, type ByteSource, type ElfFile, type ElfIdentity } from './elf.js';
