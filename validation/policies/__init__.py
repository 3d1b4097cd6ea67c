"""Every kind of policy beside its claim and its theory: reports/policies, and power curves."""
