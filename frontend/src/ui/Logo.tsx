/** The mark: a thread woven through three warps; `/assets/layerloom.svg` is its twin for the browser tab. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#4456d8" />
      <g stroke="#fff" strokeLinecap="round">
        <path d="M8 10h16M8 16h16M8 22h16" strokeOpacity=".45" strokeWidth="2.4" />
        <path d="M11 7c0 6 10 4 10 9s-10 3-10 9" strokeWidth="2.6" />
      </g>
    </svg>
  );
}
