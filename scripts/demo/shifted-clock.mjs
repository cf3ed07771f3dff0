// Preloaded by the demo (`node --import`) to move a host's clock: the product itself has no such switch.
const shift = Number(process.env['DEMO_CLOCK_SHIFT_MS'] ?? 0);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...args);
  }
  static now() {
    return RealDate.now() + shift;
  }
};
