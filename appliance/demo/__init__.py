"""`appliance demo`: an event with two hubs on one machine, every process started as a box starts it."""
