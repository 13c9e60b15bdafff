"""Many nodes at once: trees and meshes, cleared in one call."""
