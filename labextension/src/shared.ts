/** What the extension has in common with the live widgets: elements, the channel, answers, routes, timelines. */
export { el, fill, octets, problem, put, safe, seconds, times } from '../../spinlab/widgets/static/dom.js';
export { Channel, CommandError, refreshing } from '../../spinlab/widgets/static/channel.js';
export type { Line } from '../../spinlab/widgets/static/channel.js';
export { responsePane } from '../../spinlab/widgets/static/console-response.js';
export type { Pane } from '../../spinlab/widgets/static/console-response.js';
export { fieldsOf, pathOf } from '../../spinlab/widgets/static/routes.js';
export type { Route } from '../../spinlab/widgets/static/routes.js';
export { timeline } from '../../spinlab/widgets/static/timeline.js';
