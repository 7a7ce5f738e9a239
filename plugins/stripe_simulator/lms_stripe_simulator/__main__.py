"""``python -m lms_stripe_simulator``: the simulator without any site."""

from lms_stripe_simulator.command import stripe_simulator

if __name__ == "__main__":
    stripe_simulator(prog_name="python -m lms_stripe_simulator")
