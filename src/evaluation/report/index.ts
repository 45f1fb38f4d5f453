/** Results for readers: a page with figures, and a summary. */

export { formatComparison, formatNumber } from './figures.js';
export { htmlReport } from './html.js';
export { markdownReport } from './markdown.js';
