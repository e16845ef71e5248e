/** What a card says of a function, from its JSON alone: the same lines as in the HTML that is saved beside it. */
import { ICard } from '../overview';
import { el, octets, safe, seconds, times } from '../shared';

const ARGV = '${SCRIPT_NAME} ${ARGS}';

/** The heading: name, language, kind, revision. */
export function headOf(card: ICard): any[] {
  const facts = [
    card.title ?? card.language,
    card.wasi ? `WASI ${card.wasi}` : '',
    card.revision ? `revision ${card.revision}${card.unchanged ? ' (unchanged)' : ''}` : ''
  ];
  return [
    el('strong', { class: 'jp-spinlab-name' }, card.name),
    el('span', { class: 'sl-muted' }, facts.filter(one => one).join(' · '))
  ];
}

/** The table: a name and what is said, for each line. */
export function factsOf(card: ICard): any {
  const rows: [string, any][] = card.module
    ? [['is', `module for other ${card.title ?? card.language} cells: import ${card.name}`]]
    : [
        ...routesOf(card),
        ...touchesOf(card),
        ...card.denied.map((one, index): [string, any] => [index ? '' : 'denied', deniedOf(one)]),
        ['uses', card.modules.join(', ')],
        ['size', sizesOf(card)],
        ['time', timesOf(card)],
        ['instance', instanceOf(card)]
      ];
  return el(
    'table',
    {},
    el(
      'tbody',
      {},
      rows.filter(([, told]) => told).map(([name, told]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, told)))
    )
  );
}

/** One-line remarks. */
export function remarksOf(card: ICard): any[] {
  return card.remarks.map(remark => el('div', { class: 'sl-warn' }, `note: ${remark}`));
}

/** A path that a route matches, to click on. */
export function exampleOf(pattern: string): string {
  const path = pattern.replace(/\/?(\.\.\.|\*)$/, '').replace(/:([A-Za-z_][\w-]*)/g, '$1');
  return path.startsWith('/') ? path : `/${path}`;
}

function routesOf(card: ICard): [string, any][] {
  if (card.private || !card.routes.length) {
    return [['route', 'none: only other functions reach it']];
  }
  return card.routes.map((pattern, index) => {
    const address = card.url + exampleOf(pattern);
    const shown = card.url + pattern.replace(/\/(\.\.\.|\*)$/, '');
    const link = card.url && safe(address) ? el('a', { href: address, target: '_blank', rel: 'noopener' }, shown) : null;
    return [index ? '' : 'route', [el('code', {}, pattern), ' ', link]];
  });
}

function touchesOf(card: ICard): [string, any][] {
  const counted = card.requests > 0 && card.touches.some(item => item in card.used);
  if (!counted) {
    return [['may touch', card.touches.join(', ') || 'nothing']];
  }
  return card.touches.map((item, index) => {
    const count = card.used[item];
    const told = count === undefined ? '' : count ? ` used ${times(count)}` : ' unused';
    return [index ? '' : 'may touch', [item, el('span', { class: 'sl-muted' }, told)]];
  });
}

function deniedOf(denied: ICard['denied'][number]): any[] {
  return [
    el('span', { class: 'sl-warn' }, `${denied.capability} ${denied.target}, ${times(denied.count)}`),
    el('span', { class: 'sl-muted' }, '; grant it with '),
    el('code', {}, denied.option)
  ];
}

function sizesOf(card: ICard): string {
  const { component, compressed, compiled } = card.sizes;
  if (!component) {
    return '';
  }
  const kind = card.image ? 'image' : card.core ? 'core module' : 'component';
  const shared = card.image ? ', shared by every cell that uses it' : '';
  return `${kind} ${octets(component)} (${octets(compressed)} compressed), compiled ${octets(compiled)}${shared}`;
}

function timesOf(card: ICard): string {
  const { build, compile, cold_start: cold } = card.seconds;
  const parts = [
    build === null ? '' : `build ${seconds(build)}`,
    compile === null ? '' : card.cached ? 'compile none (cached)' : `compile ${seconds(compile)}`,
    cold === null ? '' : `cold start ${seconds(cold)}`
  ];
  return parts.filter(one => one).join(', ');
}

function instanceOf(card: ICard): string {
  if (!card.wasi) {
    return '';
  }
  if (card.executor === 'wagi') {
    const given = !card.argv || card.argv === ARGV ? '' : ` with the arguments ${card.argv}`;
    return `a CGI program (wagi), started for each request${given}`;
  }
  return card.reuse === 1
    ? 'fresh for each request'
    : `reused for up to ${card.reuse} requests, one after the other`;
}
