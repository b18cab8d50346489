"""The wire level: RFC 6455 and RFC 7692 at an application's own endpoint, whatever the application says there."""
