"""Who may do what: permissions and credentials. Policy only, without I/O; time and entropy are given."""
