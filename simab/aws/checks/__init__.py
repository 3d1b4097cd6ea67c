"""What the services check of requests, and tests of responses, by botocore's service models."""
