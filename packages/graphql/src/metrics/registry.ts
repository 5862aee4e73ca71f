/** Figures in Prometheus' text format. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */

type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels: Labels, by?: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** Upper ends of buckets, in seconds. */
const buckets = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];

export class Registry {
  readonly #parts: (() => string)[] = [];

  counter(name: string, help: string): Counter {
    const values = new Map<string, number>();
    this.#parts.push(() => head(name, help, 'counter') + lines(name, values));
    return {
      add(labels, by = 1) {
        const key = labelText(labels);
        values.set(key, (values.get(key) ?? 0) + by);
      },
    };
  }

  /** Read whenever somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    this.#parts.push(() => `${head(name, help, 'gauge')}${name} ${read()}\n`);
  }

  histogram(name: string, help: string): Histogram {
    const series = new Map<
      string,
      { readonly labels: Labels; readonly counts: number[]; sum: number; count: number }
    >();
    this.#parts.push(() => {
      let text = head(name, help, 'histogram');
      for (const { labels, counts, sum, count } of series.values()) {
        for (const [i, end] of buckets.entries())
          text += `${name}_bucket${labelText({ ...labels, le: String(end) })} ${counts[i]}\n`;
        text += `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}\n`;
        text += `${name}_sum${labelText(labels)} ${sum}\n${name}_count${labelText(labels)} ${count}\n`;
      }
      return text;
    });
    return {
      observe(labels, value) {
        const key = labelText(labels);
        let found = series.get(key);
        if (!found) {
          found = { labels, counts: buckets.map(() => 0), sum: 0, count: 0 };
          series.set(key, found);
        }
        for (const [i, end] of buckets.entries()) if (value <= end) found.counts[i]!++;
        found.sum += value;
        found.count++;
      },
    };
  }

  text(): string {
    return this.#parts.map(part => part()).join('');
  }
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function lines(name: string, values: ReadonlyMap<string, number>): string {
  return [...values].map(([labels, value]) => `${name}${labels} ${value}\n`).join('');
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replace(/["\\\n]/g, each => (each === '\n' ? '\\n' : `\\${each}`))}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
