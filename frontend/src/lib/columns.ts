/** Two growing columns of numbers, in ascending order of `x`: one curve as a chart draws it. */
export class Curve {
  #x = new Float64Array(64);
  #y = new Float64Array(64);
  #length = 0;

  static from(x: readonly number[], y: readonly (number | null)[]): Curve {
    const curve = new Curve();
    x.forEach((step, index) => {
      curve.append(step, y[index] ?? Number.NaN);
    });
    return curve;
  }

  get length(): number {
    return this.#length;
  }

  get lastX(): number {
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : (this.#x[this.#length - 1] ?? 0);
  }

  get lastY(): number | undefined {
    return this.#length === 0 ? undefined : this.#y[this.#length - 1];
  }

  /** A view of the steps; valid until the next append. */
  get x(): Float64Array {
    return this.#x.subarray(0, this.#length);
  }

  /** A view of the values; valid until the next append. */
  get y(): Float64Array {
    return this.#y.subarray(0, this.#length);
  }

  /** Add a point behind the last one. A step that is already there is left out: events may come twice. */
  append(x: number, y: number): boolean {
    if (x <= this.lastX) return false;
    if (this.#length === this.#x.length) this.#grow();
    this.#x[this.#length] = x;
    this.#y[this.#length] = y;
    this.#length += 1;
    return true;
  }

  #grow(): void {
    const [x, y] = [this.#x, this.#y];
    this.#x = new Float64Array(2 * x.length);
    this.#y = new Float64Array(2 * y.length);
    this.#x.set(x);
    this.#y.set(y);
  }
}
