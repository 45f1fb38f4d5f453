import { defineConfig } from 'vitest/config';

// Two projects, one after the other: `unit` needs only Node; `integration` builds kernels and boots
// real VMs, each of which keeps a processor busy.
export default defineConfig({
  test: {
    globalSetup: ['test/support/left-to-full.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/support/properties.ts'],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          setupFiles: ['test/support/properties.ts'],
          testTimeout: 900_000,
          hookTimeout: 3_600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
