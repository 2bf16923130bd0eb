"""What the scenarios of fresh machines share."""
