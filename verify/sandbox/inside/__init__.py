"""What runs on the far side of the wall: the fork server, the lock, the program's child. Standard library only."""
