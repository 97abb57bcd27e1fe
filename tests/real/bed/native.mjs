// A native histogram in the binary form, the only one in which Prometheus 2.42 takes it: a length and a MetricFamily of
// io.prometheus.client.

const varint = (value) => {
  const out = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(out);
};
const zigzag = (value) => varint(value >= 0 ? 2 * value : -2 * value - 1);
const field = (number, kind, bytes) => Buffer.concat([varint((number << 3) | kind), bytes]);
const block = (number, ...parts) => {
  const inner = Buffer.concat(parts);
  return field(number, 2, Buffer.concat([varint(inner.length), inner]));
};
const text = (number, words) => block(number, Buffer.from(words));
const double = (number, value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return field(number, 1, bytes);
};

// Eight buckets per power of two.
const SCHEMA = 3;
const HISTOGRAM = 4;

// One series of `total` observations of `seconds` each.
function metric({ labels, total, seconds }) {
  const index = Math.ceil(Math.log2(seconds) * 2 ** SCHEMA);
  return block(
    4,
    ...Object.entries(labels).map(([name, value]) => block(1, text(1, name), text(2, value))),
    block(
      7,
      field(1, 0, varint(Math.floor(total))),
      double(2, total * seconds),
      field(5, 0, zigzag(SCHEMA)),
      double(6, 1e-128),
      field(7, 0, varint(0)),
      block(12, field(1, 0, zigzag(index)), field(2, 0, varint(1))),
      field(13, 0, zigzag(Math.floor(total))),
    ),
  );
}

// A family with its series, behind its length; nothing where there are none.
export function family(name, series) {
  if (series.length === 0) return Buffer.alloc(0);
  const bytes = Buffer.concat([text(1, name), text(2, "Time to answer."), field(3, 0, varint(HISTOGRAM)), ...series.map(metric)]);
  return Buffer.concat([varint(bytes.length), bytes]);
}
