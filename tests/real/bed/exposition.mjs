// The text in which Prometheus reads counters.

const bounds = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

// Families of samples in the order of their first one.
export class Exposition {
  #families = new Map();

  sample(family, type, suffix, labels, value) {
    if (!this.#families.has(family)) this.#families.set(family, [`# TYPE ${family} ${type}`]);
    const inner = Object.entries(labels).map(([name, text]) => `${name}=${JSON.stringify(text)}`).join(",");
    this.#families.get(family).push(`${family}${suffix}{${inner}} ${value}`);
  }

  // A histogram of `total` requests that all took `ms`; `unit` is how many milliseconds one of the family's is.
  histogram(family, labels, unit, ms, total, sum) {
    for (const bound of bounds) {
      this.sample(family, "histogram", "_bucket", { ...labels, le: String(bound / unit) }, Number.isNaN(total) || ms <= bound ? total : 0);
    }
    this.sample(family, "histogram", "_bucket", { ...labels, le: "+Inf" }, total);
    this.sample(family, "histogram", "_sum", labels, sum);
    this.sample(family, "histogram", "_count", labels, total);
  }

  toString() {
    return [...this.#families.values()].flat().join("\n") + "\n";
  }
}
