"""One walk over the frames of a video and of all its predictions."""
