"""Questions about calls: a CallFilter in, a frame or a small dataclass out, answered by the analytic copy."""
