/**
 * A program to be measured: `node kconfig-allnoconfig.js TREE CACHE OUTPUT` reads a kernel tree for
 * x86_64 and writes the configuration in which every option is answered with no.
 */

import { writeFileSync } from 'node:fs';
import { Kconfig } from '../kconfig/index.js';

const [tree = '', cache = '', output = ''] = process.argv.slice(2);
const { written } = Kconfig.load({ tree, arch: 'x86_64', cache }).run('allnoconfig');
writeFileSync(output, written ?? '');
