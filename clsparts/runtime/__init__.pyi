# Written by tools/stubs.py. Edit the notebooks instead.
from .devices import Agreement as Agreement
from .devices import Objective as Objective
from .devices import accelerator_for as accelerator_for
from .devices import batch_that_fits as batch_that_fits
from .devices import by_main as by_main
from .devices import channels_last_pays as channels_last_pays
from .devices import check_device as check_device
from .devices import connect as connect
from .devices import connected as connected
from .devices import disconnect as disconnect
from .fsdp import divide_like as divide_like
from .devices import forget as forget
from .fsdp import gathered as gathered
from .devices import in_pieces as in_pieces
from .fsdp import is_divided as is_divided
from .devices import is_out_of_memory as is_out_of_memory
from .fsdp import laid_out as laid_out
from .fsdp import same_buffers as same_buffers
from .fsdp import spread as spread
__all__ = []
