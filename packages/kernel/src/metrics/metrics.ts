/**
 * Prometheus metrics with closed label sets: every label's values are declared, so that no client can make
 * the number of series grow. A value that wasn't declared counts as `other`.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** Label names and all their values. `other` is added to each. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;
export type Labels<Sets extends LabelSets> = { readonly [Name in keyof Sets]: string };

export interface MetricOptions<Sets extends LabelSets> {
  readonly name: string;
  readonly help: string;
  readonly labels?: Sets;
}

export interface Counter<Sets extends LabelSets> {
  /** Adds `amount` (default 1, never negative) to the series of these labels. */
  add(labels: Labels<Sets>, amount?: number): void;
}

export interface Gauge<Sets extends LabelSets> {
  set(labels: Labels<Sets>, value: number): void;
  add(labels: Labels<Sets>, amount: number): void;
}

export interface Histogram<Sets extends LabelSets> {
  /** Observes a value in the metric's unit: seconds, bytes. */
  observe(labels: Labels<Sets>, value: number): void;
}

export interface Metrics {
  counter<const Sets extends LabelSets>(options: MetricOptions<Sets>): Counter<Sets>;
  gauge<const Sets extends LabelSets>(options: MetricOptions<Sets>): Gauge<Sets>;
  /** A gauge that is read when asked for. */
  observedGauge(options: { readonly name: string; readonly help: string; readonly read: () => number }): void;
  histogram<const Sets extends LabelSets>(
    options: MetricOptions<Sets> & { readonly buckets?: readonly number[] },
  ): Histogram<Sets>;
  /** All metrics as text, to be sent as {@link METRICS_CONTENT_TYPE}. */
  expose(): string;
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Seconds, from half a millisecond: a request by key takes about that. */
const DEFAULT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MAX_SERIES = 10_000;
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Makes an empty registry. */
export function createMetrics(): Metrics {
  const exposures = new Map<string, () => string>();

  function register(name: string, help: string, type: string, lines: () => string): void {
    if (!METRIC_NAME.test(name)) throw new Error(`'${name}' is not a metric name`);
    if (exposures.has(name)) throw new Error(`The metric '${name}' is registered twice`);
    const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    exposures.set(name, () => head + lines());
  }

  return {
    counter(options) {
      const series = new SeriesMap(options.labels ?? {}, () => ({ value: 0 }));
      register(options.name, options.help, 'counter', () => valueLines(options.name, series));
      return {
        add(labels, amount = 1) {
          if (amount >= 0) series.at(labels).value += amount;
        },
      };
    },
    gauge(options) {
      const series = new SeriesMap(options.labels ?? {}, () => ({ value: 0 }));
      register(options.name, options.help, 'gauge', () => valueLines(options.name, series));
      return {
        set(labels, value) {
          series.at(labels).value = value;
        },
        add(labels, amount) {
          series.at(labels).value += amount;
        },
      };
    },
    observedGauge({ name, help, read }) {
      register(name, help, 'gauge', () => `${name} ${read()}\n`);
    },
    histogram(options) {
      const bounds = [...(options.buckets ?? DEFAULT_BUCKETS)].sort((a, b) => a - b);
      const series = new SeriesMap(options.labels ?? {}, () => ({
        counts: new Array<number>(bounds.length).fill(0),
        count: 0,
        sum: 0,
      }));
      register(options.name, options.help, 'histogram', () => histogramLines(options.name, bounds, series));
      return {
        observe(labels, value) {
          const entry = series.at(labels);
          entry.count++;
          entry.sum += value;
          const index = bounds.findIndex(bound => value <= bound);
          if (index >= 0) entry.counts[index]!++;
        },
      };
    },
    expose: () => [...exposures.values()].map(expose => expose()).join(''),
  };
}

/** Values by labels. */
class SeriesMap<Value> {
  readonly #names: readonly string[];
  readonly #allowed: readonly ReadonlySet<string>[];
  readonly #make: () => Value;
  readonly #values = new Map<string, { readonly labels: string; readonly value: Value }>();

  constructor(sets: LabelSets, make: () => Value) {
    this.#names = Object.keys(sets);
    this.#allowed = Object.values(sets).map(values => new Set([...values, 'other']));
    this.#make = make;
    for (const name of this.#names) {
      if (!LABEL_NAME.test(name) || name === 'le') throw new Error(`'${name}' is not a label name`);
    }
    const most = this.#allowed.reduce((product, values) => product * values.size, 1);
    if (most > MAX_SERIES) throw new Error(`These labels allow ${most} series, more than ${MAX_SERIES}`);
    // Without labels the one series shows from the start, so that a rate over it has a beginning.
    if (this.#names.length === 0) this.at({});
  }

  at(labels: Readonly<Record<string, string>>): Value {
    let key = '';
    for (let i = 0; i < this.#names.length; i++) {
      const value = labels[this.#names[i]!] ?? 'other';
      key += this.#allowed[i]!.has(value) ? `${value}\0` : 'other\0';
    }
    let entry = this.#values.get(key);
    if (entry === undefined) {
      entry = { labels: this.#render(key), value: this.#make() };
      this.#values.set(key, entry);
    }
    return entry.value;
  }

  entries(): Iterable<{ readonly labels: string; readonly value: Value }> {
    return this.#values.values();
  }

  #render(key: string): string {
    const values = key.split('\0');
    return this.#names.map((name, i) => `${name}="${escapeLabel(values[i]!)}"`).join(',');
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function valueLines(name: string, series: SeriesMap<{ value: number }>): string {
  let text = '';
  for (const { labels, value } of series.entries())
    text += `${name}${labels && `{${labels}}`} ${value.value}\n`;
  return text;
}

function histogramLines(
  name: string,
  bounds: readonly number[],
  series: SeriesMap<{ readonly counts: number[]; count: number; sum: number }>,
): string {
  let text = '';
  for (const { labels, value } of series.entries()) {
    const lead = labels && `${labels},`;
    let cumulative = 0;
    for (let i = 0; i < bounds.length; i++) {
      cumulative += value.counts[i]!;
      text += `${name}_bucket{${lead}le="${bounds[i]}"} ${cumulative}\n`;
    }
    text += `${name}_bucket{${lead}le="+Inf"} ${value.count}\n`;
    text += `${name}_sum${labels && `{${labels}}`} ${value.sum}\n`;
    text += `${name}_count${labels && `{${labels}}`} ${value.count}\n`;
  }
  return text;
}
