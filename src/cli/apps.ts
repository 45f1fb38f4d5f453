/** `lupine apps`: the catalogue. */

import { Command } from 'commander';
import { formatSize } from '../support/size.js';
import { printFields, printJson, printTable } from './output.js';

export function appsCommand(): Command {
  return new Command('apps')
    .summary('list the catalogue of known applications')
    .description(
      'List the applications of the catalogue, or show one with the reason of each option.',
    )
    .argument('[name]')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, flags: { json?: boolean }) => {
      const { applicationNamed, loadCatalogue } = await import('../manifest/index.js');
      const catalogue = await loadCatalogue();
      if (name !== undefined) {
        const app = applicationNamed(catalogue, name);
        if (flags.json === true) return printJson(app);
        printFields([
          ['Name', app.name],
          ['Description', app.description],
          ['Images', app.match.images.join(', ')],
          ['Programs', app.match.programs.join(', ')],
          ['Memory', formatSize(app.memory)],
          ['Ports', app.ports.join(', ')],
          ...(app.variants.length > 0 ? [['Variants', app.variants.join(', ')] as const] : []),
          ['Ready', JSON.stringify(app.ready)],
        ]);
        process.stdout.write('\n');
        return printTable(
          ['option', 'because'],
          app.options.map((option) => [option.name, option.because]),
        );
      }
      const apps = [...catalogue.values()];
      if (flags.json === true) return printJson(apps);
      printTable(
        ['name', 'options', 'memory', 'ports', 'description'],
        apps.map((app) => [
          app.name,
          String(app.options.length),
          formatSize(app.memory),
          app.ports.join(','),
          app.description,
        ]),
      );
    });
}
