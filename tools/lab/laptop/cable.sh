# cable.sh PHONE PORT BUS JOB [N]: the USB cable between laptop and phone. Its jobs are plug, unplug
# and replug; the last prints a line for each of N times that all was there again.
phone=$1 port=$2 bus=$3 job=$4 times=${5:-0}

# have counts the files of a pattern.
have() { if [ -e "$1" ]; then n=$#; else n=0; fi; }

# plug returns when the kernel has bound drivers to all of the phone's interfaces.
plug() {
	until usbip --tcp-port "$port" attach -r "$phone" -b "$bus" 2>/run/lab-cable; do sleep 0.1; done
	until have /sys/class/hidraw/hidraw* && [ $n = 3 ] && have /sys/class/sound/card* && [ $n = 1 ]; do sleep 0.02; done
}

# unplug frees whatever port of the controller the phone is on: one just freed is not always taken again.
unplug() {
	while read -r hub at state rest; do
		if [ "$state" = 006 ]; then usbip detach -p "${at#000}" 2>/run/lab-cable; fi
	done < /sys/devices/platform/vhci_hcd.0/status
	until have /sys/class/hidraw/hidraw* && [ $n = 0 ] && have /sys/class/sound/card* && [ $n = 0 ]; do sleep 0.02; done
}

case $job in
plug)
	modprobe -a vhci_hcd snd_usb_audio usbhid hid_generic && plug
	;;
unplug) unplug ;;
replug)
	for i in $(seq "$times"); do
		unplug
		plug
		echo "plugged $i"
	done
	;;
esac
