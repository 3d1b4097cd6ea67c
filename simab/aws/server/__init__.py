"""The simulated account over HTTP, for clients in any language and for the AWS CLI."""
