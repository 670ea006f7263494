# SPDX-License-Identifier: GPL-2.0-or-later
# Encoders and image filters: vector code by hand.

expects ffmpeg-lossless 200 "same 50" '
ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=25 -t 2 -pix_fmt yuv420p -c:v ffv1 -y a.mkv
ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=25 -t 2 -pix_fmt yuv420p -f framemd5 direct
ffmpeg -v error -i a.mkv -f framemd5 through
frames() { grep -v "^#" $1 | sed "s/.*, //"; }
[ "$(frames direct)" = "$(frames through)" ] && echo same $(frames through | wc -l)'
expects ffmpeg-encoders 300 "x264 50 vp9 50 mp3 2" '
ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=25 -t 2 -c:v ffv1 -y a.mkv
count() { ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 $1 | tr -d ","; }
ffmpeg -v error -i a.mkv -c:v libx264 -preset fast -threads 2 -y b.mp4
ffmpeg -v error -i a.mkv -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -y c.webm
ffmpeg -v error -f lavfi -i sine=440:d=2 -c:a libmp3lame -y d.mp3
echo x264 $(count b.mp4) vp9 $(count c.webm) mp3 $(ffprobe -v error -show_entries format=duration -of csv=p=0 d.mp3 | cut -c1)'
expects imagemagick 200 "same JPEG 50x100" '
convert -size 200x100 gradient:red-blue p.png && convert p.png p.ppm
[ "$(identify -format %# p.png)" = "$(identify -format %# p.ppm)" ] && printf "same "
convert p.png -resize 50% -rotate 90 -blur 2x2 q.jpg && identify q.jpg | cut -d" " -f2-3'
