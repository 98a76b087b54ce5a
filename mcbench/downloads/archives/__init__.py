"""Archives from strangers, unpacked so that they can harm nothing: zip, tar and 7z."""
