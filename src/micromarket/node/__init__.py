"""One circuit region's point of view: neighbors, losses, balancing and coordination."""
