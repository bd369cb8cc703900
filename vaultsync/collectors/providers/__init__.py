"""What providers and gateways say of calls and of money, one format or one family of formats to a file."""
