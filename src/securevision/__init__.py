"""SecureVision: recognises trusted faces and licence plates on the machine that watches."""

import os

__version__ = "0.2.0"

# OpenCV reads this when it is first imported. Its own limit is a gigapixel: a picture of a few kilobytes
# could ask for 3 GB of memory.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "80000000")
