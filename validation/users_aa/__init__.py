"""Rules that judge by request or by user, on equal variants and users who differ."""
