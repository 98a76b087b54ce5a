"""What reads conditions out of pictures: poses, depth, flow, masks. One package or file a kind.

Metrics judge with some of the same networks; they import them from here.
"""
