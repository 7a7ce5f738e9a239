"""The admin's frame, and the screens of the floors that have none of their own."""
