"""How often each kind of interval covers: reports/intervals."""
