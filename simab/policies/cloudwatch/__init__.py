"""The serving platform as documented: CloudWatch alarms, and blue/green updates that they guard."""
