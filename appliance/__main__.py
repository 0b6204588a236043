"""`python -m appliance`: the same as the command `appliance`."""

from appliance.cli import main

main()
