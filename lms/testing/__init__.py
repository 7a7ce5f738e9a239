"""What tests of the core and of plugins stand on: a fresh site, people, makers, a clock, closed sockets."""
