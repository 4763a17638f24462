"""What the system can do; called by jobs, web and command line alike."""
