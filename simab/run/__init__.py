"""One replication: play it to the horizon or move it by hand, and look at what it did."""
