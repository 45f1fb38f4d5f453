import { describe, expect, it } from 'vitest';
import { quietProgress } from '../../../src/support/progress.js';

describe('quiet progress', () => {
  it('says only what must always be said', () => {
    let said = '';
    const progress = quietProgress({ write: (text) => (said += text) });
    const task = progress.task('compiling');
    task.update({ done: 1, total: 2 });
    task.succeed('compiled');
    progress.note('using TCG');
    progress.note('the guest lacks EPOLL', true);
    expect(said).toBe('the guest lacks EPOLL\n');
  });
});
